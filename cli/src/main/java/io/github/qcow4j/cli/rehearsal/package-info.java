/**
 * The run from which the packaged program learns how it starts; part of packaging, and of no
 * command. Touches one directory, which it is given.
 */
@NullMarked
package io.github.qcow4j.cli.rehearsal;

import org.jspecify.annotations.NullMarked;
