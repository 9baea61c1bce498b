"""What the whole suite shares."""

pytest_plugins = ["tests.postgres", "tests.host"]
