"""What every algorithm stands on: slides, tiles, geometry, parameters, the life of a job."""
