/**
 * What all commands share: where they print to, how failures read, help, and how a command is
 * stopped. Opens no image.
 */
@NullMarked
package io.github.qcow4j.cli.console;

import org.jspecify.annotations.NullMarked;
