"""The variational autoencoder: five swappable descriptions, and what is computed of one example."""

import dataclasses
from typing import Any, Self, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxvae import likelihoods, networks, posteriors, priors
from jaxvae.checks import (
    as_numbers,
    check_choice,
    check_component,
    check_example,
    check_network,
    check_output,
    check_range,
    check_sizes,
)
from jaxvae.compatibility import check_fit
from jaxvae.conditions import Condition, check_condition, hidden_condition, known_condition
from jaxvae.distributions import SupportsMean, SupportsSampleAndLogProb
from jaxvae.draw import Draw
from jaxvae.errors import UserError
from jaxvae.examples import checked_examples
from jaxvae.hidden import FILLS, Fill, check_mask, check_seen, complete_columns, fill_values, filled, with_mask
from jaxvae.keys import Purpose, key_for
from jaxvae.likelihoods.masked import Masked
from jaxvae.likelihoods.support import check_values
from jaxvae.missingness import Missingness
from jaxvae.model import Model
from jaxvae.networks.network import check_variables
from jaxvae.observation import Example, Observation
from jaxvae.own_parameters import as_built, check_params, of_this_model
from jaxvae.posteriors.known_class import KnownClass
from jaxvae.pytrees import dataclass
from jaxvae.spaces import Space
from jaxvae.typing import Array, ArrayLike, Key, Params, Shape


@dataclass
class VAE(Model):
    """A variational autoencoder: encoder, posterior, prior, decoder and likelihood.

    z ~ p(z),  x ~ p(x|z);  q(z|x) approximates the posterior of z. Kingma and Welling 2014.

    Where only some entries x_o of an example were seen, the likelihood is that of them alone, log p(x_o|z), so that
    every bound is one of log p(x_o) (Mattei and Frellsen 2019, section 3). With a condition c everything is given c:
    log p(x|c).

    Args:
        data_shape: shape of one example.
        latent_dim: number of latent dimensions.
        encoder: network from an example to the parameters of the posterior.
        decoder: network from a latent to the parameters of the likelihood.
        posterior: family of q(z|x).
        prior: family of p(z).
        likelihood: family of p(x|z).
        condition: what encoder, decoder and a conditional prior are told of an example; by default nothing.
        fill: what the encoder sees for hidden entries: `zero`, the training `mean`, or `learned` numbers.
        show_mask: show the encoder also which entries were seen, beside them.
        missingness: a model of which entries are hidden, for data that are not missing at random; by default none.

    Example:
        >>> model = VAE(data_shape=(8, 8, 1), latent_dim=3, encoder=networks.MLP((16,)))
        >>> params = model.init(jax.random.key(0))
        >>> model.encode(params, jnp.zeros((8, 8, 1))).mean.shape
        (3,)
    """

    data_shape: Shape
    latent_dim: int = 16
    encoder: networks.NetworkLike = networks.MLP()
    decoder: networks.NetworkLike = networks.MLP()
    posterior: posteriors.Posterior = posteriors.DiagonalNormal()
    prior: priors.Prior = priors.StandardNormal()
    likelihood: likelihoods.Likelihood = likelihoods.Bernoulli()
    condition: Condition | None = None
    fill: Fill = "zero"
    show_mask: bool = False
    missingness: Missingness | None = None

    def __post_init__(self) -> None:
        check_sizes(self, self.latent_dim, self.data_shape)
        check_range(self, at_least=1, latent_dim=self.latent_dim)
        check_network(self, encoder=self.encoder, decoder=self.decoder)
        networks.check_linen("VAE.encoder", self.encoder)
        networks.check_linen("VAE.decoder", self.decoder)
        check_component(self, posteriors.Posterior, posterior=self.posterior)
        check_component(self, priors.Prior, prior=self.prior)
        check_component(self, likelihoods.Likelihood, likelihood=self.likelihood)
        check_choice(self, FILLS, fill=self.fill)
        check_condition(self, self.condition)
        if self.missingness is not None:
            check_component(self, Missingness, missingness=self.missingness)
        check_fit(self.posterior, self.prior)
        for component in (self.posterior, self.prior, self.likelihood):
            component.check_model(self)
        if self.missingness is not None and self.observed is None:  # else it was checked before an example was given
            self.missingness.check_model(self)

    def at_step(self, step: Array) -> Self:
        """The model at a training step: schedules replaced by their numbers.

        Elsewhere (in evaluation, in your own code) a schedule has reached its end.
        """
        return dataclasses.replace(
            self,
            encoder=networks.at_step(self.encoder, step),
            decoder=networks.at_step(self.decoder, step),
            posterior=self.posterior.at_step(step),
            prior=self.prior.at_step(step),
            likelihood=self.likelihood.at_step(step),
        )

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

    def given(self, example: Example, key: Key | None = None) -> tuple[Self, Array]:
        """The model as it is for ONE example, and the example's value; see `Model.given`.

        Raises:
            UserError: for a mask of another shape, hidden entries that cannot be integrated out, NaN in an observed
                entry, or a condition that the model lacks or does not know.
        """
        observation = example if isinstance(example, Observation) else Observation(example)
        changes: dict[str, Any] = {}
        keys = (None, None, None)
        if key is not None and self._has_noise:
            keys = jax.random.split(key_for(key, Purpose.NETWORKS), 3)
            changes["encoder"] = networks.with_noise(self.encoder, keys[0])
            changes["decoder"] = networks.with_noise(self.decoder, keys[1])
        condition = known_condition(self.condition, observation.condition, keys[2])
        if condition is not self.condition:
            changes["condition"] = condition
        if observation.observed is not None:
            changes["likelihood"] = self._masked(observation.value, observation.observed)
        if observation.label is not None:
            changes["posterior"] = self.posterior.with_label(observation.label)
        return (dataclasses.replace(self, **changes) if changes else self), observation.value

    def given_condition(self, condition: ArrayLike | None) -> Self:
        """The model given a condition c, or None to hide it; see `jaxvae.given`."""
        if condition is None:
            return dataclasses.replace(self, condition=hidden_condition(self.condition))
        return super().given_condition(condition)

    @property
    def _has_noise(self) -> bool:
        """Whether a training step has noise of its own for each example."""
        has_drops = self.condition is not None and self.condition.drop is not None
        return has_drops or networks.has_noise(self.encoder) or networks.has_noise(self.decoder)

    def _masked(self, x: Any, observed: Any) -> Masked:
        """The likelihood of the observed entries."""
        observed = as_numbers(observed, "`observed`", "True and False")
        mask, likelihood = check_mask(observed, self.data_shape), self.complete.likelihood
        if not isinstance(observed, Tracer):
            likelihood.check_observed(self, np.asarray(observed)[None])
            if x is not None and not isinstance(x, Tracer):
                check_example(x, self.data_shape)
                check_seen(np.asarray(x), np.asarray(observed), "x")
        return Masked(likelihood, mask)

    @property
    def observed(self) -> Array | None:
        """Which entries of the example that the model is `given` were seen, `data_shape`; None: all of them."""
        return self.likelihood.observed if isinstance(self.likelihood, Masked) else None

    @property
    def complete(self) -> Self:
        """The same model for other examples under the same condition: all entries seen, no label, no noise.

        A prior that is made of the encoder encodes its own examples by it.
        """
        changes: dict[str, Any] = {}
        if isinstance(self.likelihood, Masked):
            changes["likelihood"] = self.likelihood.likelihood
        if isinstance(self.posterior, KnownClass):
            changes["posterior"] = self.posterior.posterior
        plain = networks.without_noise(self.encoder)
        if plain is not self.encoder:
            changes["encoder"] = plain
        return dataclasses.replace(self, **changes) if changes else self

    def completed(self, x: Array, other: Array) -> Array:
        """`x` with its hidden entries taken from `other`."""
        return x if self.observed is None else jnp.where(self.observed, x, other)

    def init(self, key: Key, examples: Example | None = None) -> Params:
        """Draw all parameters; see `jaxvae.init`."""
        conditions = None
        if examples is not None:
            checked = checked_examples(examples, self.data_shape, self.condition)
            examples, conditions = complete_columns(checked), checked.condition
        keys = jax.random.split(key, 5)
        likelihood = self.likelihood.init(keys[4], self, examples)
        x, z = jnp.zeros(self.data_shape), jnp.zeros(self.latent_dim)

        def shown_of(x: Array) -> Array:
            return self.likelihood.encoder_input(self, {"likelihood": likelihood}, x)

        shown = shown_of(x)
        hidden = fill_values(self.fill, shown, None if examples is None else jax.vmap(shown_of)(examples))
        shown = with_mask(shown, None) if self.show_mask else shown
        shown_of_z = self.posterior.decoder_input(self, z)
        further: dict[str, Any] = {"hidden": hidden} if hidden else {}
        if self.condition is not None:
            further["condition"] = self.condition.init(conditions)
            vector = jnp.zeros(self.condition.size)
            shown = networks.told(self.encoder, shown, vector)
            shown_of_z = networks.told(self.decoder, shown_of_z, vector)
        if self.missingness is not None:
            further["missingness"] = self.missingness.init(self.data_shape, examples)
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
            **further,
        }

    def _example(self, x: Array) -> Array:
        """ONE example with the right shape and, if its numbers are known, values that the likelihood accepts.

        Hidden entries get a value of the support, so that no term and no gradient of these entries is NaN.
        """
        x = check_example(x, self.data_shape)
        if self.observed is not None:
            inside = self.likelihood.support.some_value(self.data_shape)
            x = jnp.where(self.observed, x, jnp.asarray(inside, x.dtype))
        check_values(as_built(self.likelihood), x, self.observed)
        return x

    def encode(self, params: Params, x: Example) -> SupportsMean:
        """q(z|x); see `jaxvae.encode`."""
        return cast(SupportsMean, super().encode(params, x))

    def posterior_features(self, params: Params, x: Array) -> Array:
        """The encoder's outputs for ONE example: unconstrained numbers, which refinement changes."""
        check_params(params)
        with of_this_model("likelihood", self.likelihood):
            shown = self.likelihood.encoder_input(self, params, self._example(x))
        if self.observed is None:
            shown = with_mask(shown, None) if self.show_mask else shown
        else:
            observed = self.likelihood.encoder_observed(self, self.observed)
            with of_this_model("fill", self.fill):
                shown = filled(self.fill, params, shown, observed)
            shown = with_mask(shown, observed) if self.show_mask else shown
        return self._outputs("encoder", params, shown, self.posterior.parameter_shape(self))

    def posterior_from(self, params: Params, features: Array) -> SupportsMean:
        """q(z|x) from the encoder's outputs."""
        with of_this_model("posterior", self.posterior):
            return cast(SupportsMean, self.posterior.distribution(self, params, features))

    def label_log_prob(self, params: Params, x: Array) -> Array:
        """log q(y|x) of the known class of the example that the model is `given`, nats, `[]`; 0 where it is not known.

        It is what the encoder says without being told the label: a classifier learns from it.
        """
        if not isinstance(self.posterior, KnownClass):
            return jnp.zeros(())
        label, blind = self.posterior.label, dataclasses.replace(self, posterior=self.posterior.posterior)
        q: Any = blind.posterior_from(params, blind.posterior_features(params, x))
        of_label = q.class_log_probs.at[jnp.maximum(label, 0)].get(mode="fill", fill_value=jnp.nan)
        return jnp.where(label < 0, 0.0, of_label)

    def decode(self, params: Params, z: Array) -> SupportsMean:
        """p(x|z); see `jaxvae.decode`."""
        check_params(params)
        z = self.posterior.decoder_input(self, check_example(z, (self.latent_dim,), "z"))
        outputs = self._outputs("decoder", params, z, self.likelihood.parameter_shape(self))
        with of_this_model("likelihood", self.likelihood):
            return cast(SupportsMean, self.likelihood.distribution(self, params, outputs))

    def _outputs(self, name: str, params: Params, value: Array, shape: Shape) -> Array:
        """The output of the encoder or the decoder, which is told the condition if there is one.

        Raises:
            UserError: if the parameters are of another model, or the output has another shape.
        """
        network = getattr(self, name)
        if self.condition is not None:
            with of_this_model("condition", self.condition):
                vector = self.condition.vector(params)
            value = networks.told(network, value, vector)
        with of_this_model(name, network):
            outputs = network.apply(params[name], value, shape)
        return check_output(f"VAE.{name}", outputs, shape)

    def sample_prior(self, params: Params, key: Key) -> Array:
        """One z ~ p(z), `[latent_dim]`."""
        with of_this_model("prior", self.prior):
            return self.prior.distribution(self.complete, params).sample(key)

    def prior_given(self, params: Params, x: Array) -> SupportsSampleAndLogProb:
        """p(z) as the terms of `x` use it."""
        with of_this_model("prior", self.prior):
            example = x if self.observed is None else Observation(x, self.observed)
            return self.prior.given(self.complete, params, example)

    def log_likelihood(self, params: Params, key: Key, x: Array, z: Array) -> Array:
        """log p(x|z), nats, `[]`; with a `missingness` plus log p(s|x) of a draw of the hidden entries."""
        x = self._example(x)
        log_likelihood = super().log_likelihood(params, key, x, z)
        if self.missingness is None:
            return log_likelihood
        complete, observed = self.drawn_complete(params, key, x, z)
        with of_this_model("missingness", self.missingness):
            return log_likelihood + self.missingness.log_prob(params, complete, observed)

    def drawn_complete(self, params: Params, key: Key, x: Array, z: Array) -> tuple[Array, Array]:
        """`x` with its hidden entries drawn given the others and z, and which were seen, `data_shape` each."""
        if self.observed is None:
            return x, jnp.ones(self.data_shape, bool)
        p: Any = self.decode(params, z)
        return self.completed(x, p.hidden(x).sample(key_for(key, Purpose.HIDDEN))), self.observed

    def expected(self, params: Params, key: Key, x: Array, z: Array) -> Array:
        """E[x_hidden | x_observed, z]; with a `missingness` the draw of them that `draw` has weighed."""
        if self.missingness is None:
            return super().expected(params, key, self._example(x), z)
        return self.drawn_complete(params, key, self._example(x), z)[0]

    def imputed(self, params: Params, key: Key, other_key: Key, x: Array, z: Array) -> Array:
        """A draw of the hidden entries given the others and z; with a `missingness` the one that `draw` has weighed."""
        if self.missingness is None:
            return super().imputed(params, key, other_key, self._example(x), z)
        return self.drawn_complete(params, key, self._example(x), z)[0]

    def log_joint(self, params: Params, x: Example, z: Array) -> tuple[Array, Array]:
        """log p(x|z) and log p(z) at a given z, nats; see `Model.log_joint`."""
        model, x = self.given(x)
        if self.missingness is not None:
            raise UserError(
                "VAE.missingness draws hidden entries, so that log p(x|z) of a given z is no single number: leave it "
                "out, or take log p(x) by importance sampling"
            )
        return super(VAE, model).log_joint(params, model._example(x), z)

    def _terms(self, *arguments: Any, **named: Any) -> Draw:
        with of_this_model("prior", self.prior):
            return super()._terms(*arguments, **named)

    @property
    def latent_space(self) -> Space:
        """The space of z: that of the posterior, which is also the prior's."""
        return self.posterior.space

    def report(self, params: Params) -> dict[str, Any]:
        """What the prior reports about itself."""
        return self.prior.report(self, params)
