"""What every command needs: the services, answers in time, permission, buttons, forms and names."""
