"""What a POST may say, a frozen dataclass each."""
