"""What every command needs: the services, answers in time, permission, forms, pages and names."""
