"""What is wrong only across several things."""
