"""Port: a small extra display that shows the credit and nothing else."""


class CreditDisplay:
    """Shows one number."""

    def show_wh(self, credit_wh: int):
        """Show `credit_wh` in kWh. Blocks 10 ms at most.

        Raises OSError when the display does not answer; the meter goes on without it.
        """
        raise NotImplementedError
