"""Why a text does not parse."""
