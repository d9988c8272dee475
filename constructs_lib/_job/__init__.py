"""What a job asks of the service and needs of its surroundings."""
