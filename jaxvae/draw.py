"""One draw of the latents and its terms, from which everything else is computed."""

from typing import NamedTuple

from jaxvae.typing import Array


class Draw(NamedTuple):
    """One z ~ q(z|x) and its terms, in nats, for one example.

    log w = log_likelihood + log_prior − log_posterior is the logarithm of the importance weight: the ELBO is its mean,
    IWAE its log-mean-exp over draws.
    """

    latents: Array
    """z, `[latent_dim]`."""
    log_likelihood: Array
    """log p(x|z), `[]`."""
    log_prior: Array
    """log p(z), `[]`."""
    log_posterior: Array
    """log q(z|x), `[]`."""
    kl: Array
    """KL(q(z|x) ‖ p(z)), `[levels]`: closed form if the pair has one, else log_posterior − log_prior."""
    kl_dimensions: Array | None = None
    """The share of each latent dimension in `kl`, `[latent_dim]`, if q and p both have independent dimensions."""
    score: Array | float = 0.0
    """log q(z|x) of the part drawn without gradient, `[]`: 0 if z is reparameterized.

    The gradient of an expectation E_q[f] is E_q[∇f + f · ∇score] for every posterior.
    """
    log_state: Array | None = None
    """log q of the discrete part of z, `[]`, if z was enumerated and its other part drawn; None: all of z is discrete.

    The weight of this z among all of `Model.enumerate`.
    """
    exact_kl: Array | float = 0.0
    """The part of the sum of `kl` in closed form, `[]`.

    It does not depend on z, so the score need not weigh it: E_q[∇score] = 0.
    """

    @property
    def log_weight(self) -> Array:
        """log p(x|z) + log p(z) − log q(z|x), nats, `[]`."""
        return self.log_likelihood + self.log_prior - self.log_posterior
