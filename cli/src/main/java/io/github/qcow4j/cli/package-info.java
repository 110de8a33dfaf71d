/** The command line: text and JSON in and out, and no logic of its own. */
@NullMarked
package io.github.qcow4j.cli;

import org.jspecify.annotations.NullMarked;
