/**
 * The arguments of one command: which options it has, and their values as the user wrote them.
 * Touches no file.
 */
@NullMarked
package io.github.qcow4j.cli.option;

import org.jspecify.annotations.NullMarked;
