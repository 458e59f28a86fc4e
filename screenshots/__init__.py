"""Pictures of the main pages, made by `make screenshots` and compared with the pages by a test."""
