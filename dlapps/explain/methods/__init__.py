"""Why a network answered as it did: pure functions of a network and an input."""
