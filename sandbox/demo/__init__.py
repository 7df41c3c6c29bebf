"""A web application to be served by clusters, where no other image can be pulled."""
