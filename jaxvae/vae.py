"""The variational autoencoder: five swappable descriptions, and pure functions of one example."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Self, cast

import jax
import jax.numpy as jnp
from flax.errors import (
    InvalidRngError,
    ModifyScopeVariableError,
    ScopeCollectionNotFound,
    ScopeParamNotFoundError,
    ScopeParamShapeError,
)

from jaxvae import likelihoods, networks, posteriors, priors
from jaxvae.checks import (
    check_component,
    check_example,
    check_network,
    check_output,
    check_range,
    check_sizes,
)
from jaxvae.compatibility import check_fit
from jaxvae.distributions import (
    Distribution,
    SupportsEnumeration,
    SupportsMean,
    SupportsSampleAndLogProb,
    closed_form_kl,
    is_reparameterized,
    per_dimension,
    sample_and_log_prob,
    score_term,
)
from jaxvae.draw import Draw
from jaxvae.errors import NoMeanError, UserError, any_of
from jaxvae.likelihoods.support import check_values
from jaxvae.model import Model
from jaxvae.networks.network import check_variables
from jaxvae.pytrees import dataclass
from jaxvae.spaces import Space
from jaxvae.typing import Array, Key, Params, PyTree, Shape


@contextlib.contextmanager
def _of_this_model(name: str, component: object) -> Iterator[None]:
    """A context for reading the parameters of a component.

    Raises:
        UserError: if parameters are missing, because they are of another model, or if a module of Linen draws noise or
            changes its state.
    """
    try:
        yield
    except (LookupError, ScopeCollectionNotFound, ScopeParamNotFoundError, ScopeParamShapeError) as error:
        raise UserError(
            f"params must be those of this model, got others for its {name}, a {type(component).__name__}: take them "
            f"from jaxvae.init of this model ({' '.join(str(error).split())[:200]})"
        ) from error
    except (InvalidRngError, ModifyScopeVariableError) as error:
        raise UserError(
            f"VAE.{name} must be a function of its input and of learned numbers alone, got a "
            f"{type(component).__name__} that asks for more: leave out dropout and batch statistics "
            f"({' '.join(str(error).split())[:200]})"
        ) from error


@dataclass
class VAE:
    """A variational autoencoder: encoder, posterior, prior, decoder and likelihood.

    z ~ p(z),  x ~ p(x|z);  q(z|x) approximates the posterior of z. Kingma and Welling 2014.

    Args:
        data_shape: shape of one example.
        latent_dim: number of latent dimensions.
        encoder: network from an example to the parameters of the posterior.
        decoder: network from a latent to the parameters of the likelihood.
        posterior: family of q(z|x).
        prior: family of p(z).
        likelihood: family of p(x|z).

    Example:
        >>> model = VAE(data_shape=(8, 8, 1), latent_dim=3, encoder=networks.MLP((16,)))
        >>> params = init(model, jax.random.key(0))
        >>> encode(model, params, jnp.zeros((8, 8, 1))).mean.shape
        (3,)
    """

    data_shape: Shape
    latent_dim: int = 16
    encoder: networks.NetworkLike = networks.MLP()
    decoder: networks.NetworkLike = networks.MLP()
    posterior: posteriors.Posterior = posteriors.DiagonalNormal()
    prior: priors.Prior = priors.StandardNormal()
    likelihood: likelihoods.Likelihood = likelihoods.Bernoulli()

    def __post_init__(self) -> None:
        check_sizes(self, self.latent_dim, self.data_shape)
        check_range(self, at_least=1, latent_dim=self.latent_dim)
        check_network(self, encoder=self.encoder, decoder=self.decoder)
        networks.check_linen("VAE.encoder", self.encoder)
        networks.check_linen("VAE.decoder", self.decoder)
        check_component(self, posteriors.Posterior, posterior=self.posterior)
        check_component(self, priors.Prior, prior=self.prior)
        check_component(self, likelihoods.Likelihood, likelihood=self.likelihood)
        check_fit(self.posterior, self.prior)
        for component in (self.posterior, self.prior, self.likelihood):
            component.check_model(self)

    def at_step(self, step: Array) -> Self:
        """The model at a training step: schedules replaced by their numbers.

        Elsewhere (in evaluation, in your own code) a schedule has reached its end.
        """
        return dataclasses.replace(self, posterior=self.posterior.at_step(step), prior=self.prior.at_step(step))

    def for_run(self, num_steps: int) -> Self:
        """The model with options that depend on the length of a run as numbers; `self` if nothing changes.

        Args:
            num_steps: of the whole run [steps].
        """
        posterior = self.posterior.for_run(num_steps)
        return self if posterior is self.posterior else dataclasses.replace(self, posterior=posterior)

    def for_training(self, key: Key) -> Self:
        """The model with the noise of one training step that all examples share (draws for a prior's normaliser)."""
        return dataclasses.replace(self, prior=self.prior.for_training(key))

    def init(self, key: Key, examples: Array | None = None) -> Params:
        """Draw all parameters; see `jaxvae.init`."""
        keys = jax.random.split(key, 5)
        likelihood = self.likelihood.init(keys[4], self, examples)
        x, z = jnp.zeros(self.data_shape), jnp.zeros(self.latent_dim)
        shown = self.likelihood.encoder_input(self, {"likelihood": likelihood}, x)
        shown_of_z = self.posterior.decoder_input(self, z)
        encoder = self.encoder.init(keys[0], shown, self.posterior.parameter_shape(self))
        decoder = self.decoder.init(keys[1], shown_of_z, self.likelihood.parameter_shape(self))
        check_variables("VAE.encoder", self.encoder, encoder)
        check_variables("VAE.decoder", self.decoder, decoder)
        return {
            "encoder": encoder,
            "decoder": decoder,
            "posterior": self.posterior.init(keys[2], self),
            "prior": self.prior.init(keys[3], self, examples),
            "likelihood": likelihood,
        }

    def encode(self, params: Params, x: Array) -> SupportsMean:
        """q(z|x); see `jaxvae.encode`."""
        return self.posterior_from(params, self.posterior_features(params, x))

    def _example(self, x: Array) -> Array:
        """ONE example with the right shape and, if its numbers are known, values that the likelihood accepts."""
        x = check_example(x, self.data_shape)
        check_values(self.likelihood, x)
        return x

    def posterior_features(self, params: Params, x: Array) -> Array:
        """The encoder's outputs for ONE example: unconstrained numbers, which refinement changes."""
        x = self.likelihood.encoder_input(self, params, self._example(x))
        return self._outputs("encoder", params, x, self.posterior.parameter_shape(self))

    def posterior_from(self, params: Params, features: Array) -> SupportsMean:
        """q(z|x) from the encoder's outputs."""
        with _of_this_model("posterior", self.posterior):
            return cast(SupportsMean, self.posterior.distribution(self, params, features))

    def decode(self, params: Params, z: Array) -> SupportsMean:
        """p(x|z); see `jaxvae.decode`."""
        z = self.posterior.decoder_input(self, check_example(z, (self.latent_dim,), "z"))
        outputs = self._outputs("decoder", params, z, self.likelihood.parameter_shape(self))
        with _of_this_model("likelihood", self.likelihood):
            return cast(SupportsMean, self.likelihood.distribution(self, params, outputs))

    def _outputs(self, name: str, params: Params, value: Array, shape: Shape) -> Array:
        """The output of the encoder or the decoder.

        Raises:
            UserError: if the parameters are of another model, or the output has another shape.
        """
        network = getattr(self, name)
        if not isinstance(params, Mapping):
            raise UserError(f"params must be the dictionary of jaxvae.init, got {type(params).__name__}")
        with _of_this_model(name, network):
            outputs = network.apply(params[name], value, shape)
        return check_output(f"VAE.{name}", outputs, shape)

    def sample_prior(self, params: Params, key: Key) -> Array:
        """One z ~ p(z), `[latent_dim]`."""
        with _of_this_model("prior", self.prior):
            return self.prior.distribution(self, params).sample(key)

    def _prior_given(self, params: Params, x: Array) -> SupportsSampleAndLogProb:
        """p(z) as the terms of `x` use it."""
        with _of_this_model("prior", self.prior):
            return self.prior.given(self, params, x)

    def draw(
        self,
        params: Params,
        key: Key,
        x: Array,
        *,
        posterior: SupportsSampleAndLogProb | None = None,
    ) -> Draw:
        """One z ~ q(z|x) and its terms, for one example.

        Args:
            params: all parameters.
            key: for the draw of z.
            x: one example, `data_shape`.
            posterior: q(z|x) if it is known already (refined, or shared by many draws); by default `x` is encoded.
        """
        x = self._example(x)
        q = self.encode(params, x) if posterior is None else posterior
        prior = self._prior_given(params, x)
        z, log_posterior = sample_and_log_prob(key, q)
        score = jnp.zeros_like(log_posterior) if is_reparameterized(q) else score_term(q, z)
        return self._terms(params, x, q, prior, z, log_posterior)._replace(score=score)

    def _terms(
        self,
        params: Params,
        x: Array,
        q: SupportsSampleAndLogProb,
        prior: SupportsSampleAndLogProb,
        z: Array,
        log_posterior: Array,
    ) -> Draw:
        """The terms of one z, without a score."""
        with _of_this_model("prior", self.prior):
            log_prior, kl = prior.log_prob(z), closed_form_kl(q, prior)
        _check_one_number("posterior", q, log_posterior)
        _check_one_number("prior", prior, log_prior)
        p = self.decode(params, z)
        log_likelihood = p.log_prob(x)
        _check_one_number("likelihood", p, log_likelihood)
        return Draw(
            latents=z,
            log_likelihood=log_likelihood,
            log_prior=log_prior,
            log_posterior=log_posterior,
            kl=jnp.expand_dims(log_posterior - log_prior if kl is None else kl, 0),  # one level
            kl_dimensions=_kl_of_dimensions(per_dimension(q), per_dimension(prior), z),
            exact_kl=jnp.zeros_like(log_posterior) if kl is None else kl,
            score=jnp.zeros_like(log_posterior),
        )

    def log_joint(self, params: Params, x: Array, z: Array) -> tuple[Array, Array]:
        """log p(x|z) and log p(z) at a given z, nats: their sum is log p(x, z).

        Args:
            params: all parameters.
            x: one example, `data_shape`.
            z: one latent, `[latent_dim]`.
        """
        x = self._example(x)
        return self.decode(params, z).log_prob(x), self._prior_given(params, x).log_prob(z)

    @property
    def latent_space(self) -> Space:
        """The space of z: that of the posterior, which is also the prior's."""
        return self.posterior.space

    def enumerate(self, params: Params, x: Array) -> Draw:
        """Every z with a probability under q(z|x), and its terms, each with a leading axis `[states]`.

        E_q[f(z)] = Σ_z exp(log_posterior(z)) f(z), with an exact gradient.

        Args:
            params: all parameters.
            x: one example, `data_shape`.

        Raises:
            UserError: if the posterior is not over discrete latents, or has more than 65,536 states.
        """
        x = self._example(x)
        q = self.encode(params, x)
        if not isinstance(q, SupportsEnumeration):
            raise UserError(
                f"to enumerate latents the posterior must be discrete, got {type(self.posterior).__name__} over "
                f"{self.posterior.space}: take "
                f"{any_of('posterior', ('Categorical', 'Bernoulli'))}, or `objective.expectation='sampled'`"
            )
        prior = self._prior_given(params, x)
        return jax.vmap(lambda z: self._terms(params, x, q, prior, z, q.log_prob(z)))(q.enumerate_support())


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


def init(model: Model, key: Key, examples: Array | None = None) -> Params:
    """Draw all parameters: a nested dict of arrays with one entry a component.

    Args:
        model: the model description.
        key: for the draw.
        examples: training examples, `[n, *data_shape]`, for components that start from data; None where there are none.
    """
    return model.init(key, examples)


def encode(model: Model, params: Params, x: Array) -> SupportsMean:
    """q(z|x) for ONE example: a distribution over z, for its `.mean`, `.sample(key)` or `.log_prob(z)`.

    Raises:
        ValueError: if `x` does not have the shape of one example, or is not a float array.
        NoMeanError: where `.mean` is read of a family that has none (a flow).
    """
    return model.encode(params, x)


def reparameterize(key: Key, q: SupportsSampleAndLogProb) -> PyTree:
    """Draw z ~ q with gradients through the sample where the family is reparameterizable.

    For a normal z = loc + scale · ε, ε ~ N(0, 1). Kingma and Welling 2014, section 2.4.
    """
    return q.sample(key)


def decode(model: Model, params: Params, z: PyTree) -> SupportsMean:
    """p(x|z) for ONE latent: a distribution over x, for its `.mean`, `.sample(key)` or `.log_prob(x)`.

    Raises:
        ValueError: if `z` does not have the shape of one latent.
        NoMeanError: where `.mean` is read of a family that has none.
    """
    return model.decode(params, z)


def sample(model: Model, params: Params, key: Key) -> Array:
    """One draw of x: z ~ p(z), then x ~ p(x|z)."""
    prior_key, likelihood_key = jax.random.split(key)
    return model.decode(params, model.sample_prior(params, prior_key)).sample(likelihood_key)


def reconstruct(model: Model, params: Params, x: Array, key: Key | None = None) -> Array:
    """E[x'|z] for ONE example, with z the posterior mean, or a draw from the posterior if a key is given."""
    q = model.encode(params, x)
    return mean_of(model.decode(params, mean_of(q) if key is None else q.sample(key)))


def mean_of(distribution: SupportsSampleAndLogProb) -> Array:
    """The mean of a distribution.

    Raises:
        NoMeanError: if it has none.
    """
    if isinstance(distribution, Distribution) or hasattr(distribution, "mean"):
        return cast(SupportsMean, distribution).mean
    raise NoMeanError(distribution)
