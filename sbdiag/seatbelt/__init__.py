"""The policy language of Seatbelt; standard library only."""
