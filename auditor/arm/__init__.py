"""The ARM template language: what a template deploys, as far as its files say."""

from auditor.arm.deployed import Deployment, Expanded
from auditor.arm.expand import expand, is_parameters, is_template

__all__ = ["Deployment", "Expanded", "expand", "is_parameters", "is_template"]
