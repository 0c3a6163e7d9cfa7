"""Pictures."""

from jaxvae.report.pictures import is_image, save_grid

__all__ = ["is_image", "save_grid"]
