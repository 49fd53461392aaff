"""Classification of annotations by random subwindows and extremely randomized trees."""
