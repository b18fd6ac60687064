"""Messages from somebody who means harm."""
