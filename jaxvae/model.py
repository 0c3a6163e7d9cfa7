"""What the rest of the library reads of a model: `ModelParts` for its components, `Model` for everything else."""

import abc
from typing import Any, Protocol, Self, cast

import jax
import jax.numpy as jnp

from jaxvae.distributions import (
    Distribution,
    SupportsEnumeration,
    SupportsSampleAndLogProb,
    closed_form_kl,
    has_mean,
    is_reparameterized,
    mean_of,
    per_dimension,
    sample_and_log_prob,
    score_term,
)
from jaxvae.distributions.marginal import Marginal
from jaxvae.draw import Draw
from jaxvae.errors import UserError, any_of
from jaxvae.keys import Purpose, key_for
from jaxvae.observation import Example, Observation
from jaxvae.spaces import Space
from jaxvae.typing import Array, ArrayLike, Key, Params, Shape

_BESIDE_X = {  # what an example may have beside x, in words, and the options of a run that bring it
    "observed": ("hidden entries", "Observation.observed (in a run `hide` and `missing`)"),
    "condition": ("a condition", "Observation.condition (in a run `condition`)"),
    "label": ("a known label", "Observation.label (in a run `labels`)"),
}


class ModelParts(Protocol):
    """What a component reads of the model that it is part of.

    A prior made of the encoder calls `encode`, as if every entry had been seen; most components read only the two
    sizes.
    """

    @property
    def data_shape(self) -> Shape:
        """The shape of one example."""
        ...

    @property
    def latent_dim(self) -> int:
        """The number of latent dimensions."""
        ...

    @property
    def posterior(self) -> Any:
        """The family of q(z|x)."""
        ...

    @property
    def prior(self) -> Any:
        """The family of p(z)."""
        ...

    @property
    def likelihood(self) -> Any:
        """The family of p(x|z)."""
        ...

    @property
    def condition(self) -> Any:
        """What the networks are told, or None."""
        ...

    def encode(self, params: Params, x: Array) -> Any:
        """q(z|x) for one example."""
        ...


class Model(abc.ABC):
    """What objectives, training and evaluation need from a model description.

    `VAE` is one. A model of your own is a `jaxvae.dataclass` that defines the abstract methods; the defaults of the
    others make a `Draw` of them. It may also define `draw`, `log_joint` and `enumerate` itself.
    """

    data_shape: Any
    """The shape of one example."""
    latent_dim: Any
    """The number of latent dimensions."""
    likelihood: Any
    """The family of p(x|z), or one with the same support: it says which data have a density."""

    @abc.abstractmethod
    def init(self, key: Key, examples: Example | None = None) -> Params:
        """Draw all parameters."""

    @abc.abstractmethod
    def posterior_features(self, params: Params, x: Array) -> Array:
        """The arrays that define q(z|x), which refinement changes."""

    @abc.abstractmethod
    def posterior_from(self, params: Params, features: Array) -> Any:
        """q(z|x) from its features."""

    @abc.abstractmethod
    def prior_given(self, params: Params, x: Array) -> SupportsSampleAndLogProb:
        """p(z) as the terms of `x` use it; a prior made of training examples leaves out `x` itself."""

    @abc.abstractmethod
    def decode(self, params: Params, z: Array) -> Any:
        """p(x|z) for one latent."""

    @abc.abstractmethod
    def sample_prior(self, params: Params, key: Key) -> Array:
        """One z ~ p(z), `[latent_dim]`."""

    @property
    @abc.abstractmethod
    def latent_space(self) -> Space:
        """The space in which z lies."""

    def at_step(self, step: Array) -> Self:
        """The model at a training step: schedules (a temperature) replaced by their numbers; by default itself."""
        del step
        return self

    def for_run(self, num_steps: int) -> Self:
        """The model with options that depend on the length of a run as numbers; by default itself.

        Args:
            num_steps: of the whole run [steps].
        """
        del num_steps
        return self

    def for_training(self, key: Key) -> Self:
        """The model with the noise that all examples of one training step share; by default itself."""
        del key
        return self

    def given(self, example: Example, key: Key | None = None) -> tuple[Self, Array]:
        """The model as it is for ONE example, and the example's value x.

        What belongs to the example (which entries were seen, its condition, its label) is then part of the model, and
        every other method takes the plain x. Called where examples are `vmap`ped; a second call changes nothing.

        Args:
            example: x or an `Observation`.
            key: for the noise of this example in one training step (dropout, a dropped condition); by default there is
                none, as in evaluation.

        Raises:
            UserError: if the model takes no such example.
        """
        del key
        if not isinstance(example, Observation):
            return self, example
        for name, (what, options) in _BESIDE_X.items():
            if getattr(example, name) is not None:
                raise UserError(
                    f"{type(self).__name__} takes plain examples, got one with {what}: leave out {options}, or define "
                    f"given(example, key) in the model"
                )
        return self, example.value

    def given_condition(self, condition: ArrayLike | None) -> Self:
        """The model given a condition c without an example; see `jaxvae.given`.

        Raises:
            UserError: if the model takes no condition; for None, which hides it, by default always.
        """
        if condition is None:
            raise UserError(
                f"{type(self).__name__} has no condition that could be hidden, got None: define given_condition in the "
                f"model, or use the model as it is"
            )
        return self.given(Observation(None, condition=condition))[0]

    def completed(self, x: Array, other: Array) -> Array:
        """`x` with its hidden entries taken from `other`; by default none is hidden."""
        del other
        return x

    def expected(self, params: Params, key: Key, x: Array, z: Array) -> Array:
        """E[x_hidden | x_observed, z] for the hidden entries of `x` (a draw without a mean), the others as they are.

        `key` is that of the `draw` of z.
        """
        p = _hidden(self.decode(params, z), x)
        return self.completed(x, mean_of(p) if has_mean(p) else p.sample(key_for(key, Purpose.HIDDEN)))

    def imputed(self, params: Params, key: Key, other_key: Key, x: Array, z: Array) -> Array:
        """`x` with its hidden entries drawn from p(x_hidden | x_observed, z), by `other_key`; `key` is that of z."""
        del key
        return self.completed(x, _hidden(self.decode(params, z), x).sample(other_key))

    @property
    def complete(self) -> Self:
        """The same model for examples of which every entry was seen; by default itself."""
        return self

    def report(self, params: Params) -> dict[str, Any]:
        """What `evaluation.json` reports about the model's prior besides the scores; by default nothing."""
        del params
        return {}

    def encode(self, params: Params, x: Example) -> Any:
        """q(z|x); see `jaxvae.encode`."""
        model, x = self.given(x)
        return model.posterior_from(params, model.posterior_features(params, x))

    def draw(
        self,
        params: Params,
        key: Key,
        x: Example,
        *,
        posterior: SupportsSampleAndLogProb | None = None,
    ) -> Draw:
        """One z ~ q(z|x) and its terms, for one example.

        Args:
            params: all parameters.
            key: for the draw of z.
            x: one example, `data_shape`, or an `Observation`.
            posterior: q(z|x) if it is known already (refined, or shared by many draws); by default `x` is encoded.
        """
        model, x = self.given(x)
        q = model.encode(params, x) if posterior is None else posterior
        prior = model.prior_given(params, x)
        z, log_posterior = sample_and_log_prob(key, q)
        score = jnp.zeros_like(log_posterior) if is_reparameterized(q) else score_term(q, z)
        return model._terms(params, key, x, q, prior, z, log_posterior)._replace(score=score)

    def log_likelihood(self, params: Params, key: Key, x: Array, z: Array) -> Array:
        """log p(x|z), nats, `[]`; `key` is for models that draw what was not seen of `x`."""
        del key
        p = self.decode(params, z)
        log_likelihood = p.log_prob(x)
        _check_one_number("likelihood", p, log_likelihood)
        return log_likelihood

    def _terms(
        self,
        params: Params,
        key: Key,
        x: Array,
        q: SupportsSampleAndLogProb,
        prior: SupportsSampleAndLogProb,
        z: Array,
        log_posterior: Array,
    ) -> Draw:
        """The terms of one z, without a score."""
        log_prior, kl = prior.log_prob(z), closed_form_kl(q, prior)
        _check_one_number("posterior", q, log_posterior)
        _check_one_number("prior", prior, log_prior)
        return Draw(
            latents=z,
            log_likelihood=self.log_likelihood(params, key, x, z),
            log_prior=log_prior,
            log_posterior=log_posterior,
            kl=jnp.expand_dims(log_posterior - log_prior if kl is None else kl, 0),  # one level
            kl_dimensions=_kl_of_dimensions(per_dimension(q), per_dimension(prior), z),
            exact_kl=jnp.zeros_like(log_posterior) if kl is None else kl,
            score=jnp.zeros_like(log_posterior),
        )

    def log_joint(self, params: Params, x: Example, z: Array) -> tuple[Array, Array]:
        """log p(x|z) and log p(z) at a given z, nats: their sum is log p(x, z).

        Args:
            params: all parameters.
            x: one example, `data_shape`, or an `Observation`.
            z: one latent, `[latent_dim]`.
        """
        model, x = self.given(x)
        return model.decode(params, z).log_prob(x), model.prior_given(params, x).log_prob(z)

    def enumerate(self, params: Params, x: Example, key: Key | None = None) -> Draw:
        """Every z with a probability under q(z|x), and its terms, each with a leading axis `[states]`.

        E_q[f(z)] = Σ_z exp(log_posterior(z)) f(z), with an exact gradient.

        Args:
            params: all parameters.
            x: one example, `data_shape`, or an `Observation`.
            key: for the draws of what is not discrete in z.

        Raises:
            UserError: if the posterior is not over discrete latents, or has more than 65,536 states.
        """
        model, x = self.given(x)
        q = model.encode(params, x)
        states_of = getattr(q, "enumerate_states", None)
        if states_of is None and not isinstance(q, SupportsEnumeration):
            family = type(getattr(self, "posterior", q)).__name__
            raise UserError(
                f"to enumerate latents the posterior must be discrete, got {family} over {self.latent_space}: take "
                f"{any_of('posterior', ('Categorical', 'Bernoulli'))}, or `objective.expectation='sampled'`"
            )
        prior, key = model.prior_given(params, x), jax.random.key(0) if key is None else key
        states, log_states = (cast(Any, q).enumerate_support(), None) if states_of is None else states_of(key)
        posterior = cast(SupportsSampleAndLogProb, q)

        def terms(z: Array, log_state: Array | None) -> Draw:
            draw = model._terms(params, key, x, posterior, prior, z, posterior.log_prob(z))
            return draw._replace(log_state=log_state)

        return jax.vmap(terms)(states, log_states)


def _hidden(p: Any, x: Array) -> Any:
    """The distribution of the hidden entries of x given the observed ones, where some are hidden."""
    return p.hidden(x) if isinstance(p, Marginal) else p


def _check_one_number(role: str, distribution: SupportsSampleAndLogProb, log_prob: Array) -> None:
    """Refuse a user's distribution that scores each dimension separately: its terms would broadcast silently."""
    if log_prob.shape != ():
        raise UserError(
            f"the log_prob of a {role} must be one number, got shape {log_prob.shape} from "
            f"{type(distribution).__name__}: make all of {'x' if role == 'likelihood' else 'z'} one event "
            f"(event_ndim, or numpyro's to_event)"
        )


def _kl_of_dimensions(q: Distribution | None, p: Distribution | None, z: Array) -> Array | None:
    """KL(q ‖ p) of each dimension in closed form, else log q(z) − log p(z), `[latent_dim]`."""
    if q is None or p is None:
        return None
    kl = closed_form_kl(q, p)
    return q.log_prob(z) - p.log_prob(z) if kl is None else kl
