"""Reports: pages made from templates, by hand or as a schedule says."""

from investiq.runtime.postponing import postpone_address_grammar

# Before nbformat, which would build it.
postpone_address_grammar()
