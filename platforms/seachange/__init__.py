"""SeaChange: one account is one customer, a whole XML document, of Traxis.Web (SeaChange contract, Declared)."""
