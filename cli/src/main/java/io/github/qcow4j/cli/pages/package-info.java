/**
 * What the packaged folder carries beside the program: man pages, and completion for shells, both
 * made from the commands' own descriptions. Part of packaging, and of no command. Touches one
 * directory, which it is given.
 */
@NullMarked
package io.github.qcow4j.cli.pages;

import org.jspecify.annotations.NullMarked;
