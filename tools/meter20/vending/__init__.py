"""The vending side: what makes tokens. Nothing of it is ever frozen into a meter."""
