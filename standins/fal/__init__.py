"""A local fal: submit, status, stream, result, cancel, pictures, history and bill over loopback."""
