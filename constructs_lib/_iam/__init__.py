"""What the library allows whom: statements, the policies that hold them, and the findings they cause."""
