//! Lexer, parser, lossless tree, typed views and formatter of the .arch language.
