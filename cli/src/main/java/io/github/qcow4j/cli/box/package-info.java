/**
 * {@code qcow4j box}: boxes on the command line. Translates options into requests to the box layer
 * and its answers into text and JSON, and knows nothing else, but for {@code box run}, which starts
 * the user's program.
 */
@NullMarked
package io.github.qcow4j.cli.box;

import org.jspecify.annotations.NullMarked;
