"""From a request to its pictures: accept, wait, send, follow, deliver, tell, search."""
