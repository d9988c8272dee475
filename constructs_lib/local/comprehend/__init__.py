"""A local Amazon Comprehend: custom classification jobs that run for real, served inside MiniStack."""
