"""From a loop tree to LLVM's language."""
