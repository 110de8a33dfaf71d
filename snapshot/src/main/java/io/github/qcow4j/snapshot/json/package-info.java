/**
 * JSON texts from strangers, read whole within limits, and JSON texts for others, written. Knows
 * nothing of what they say, and touches no file.
 */
@NullMarked
package io.github.qcow4j.snapshot.json;

import org.jspecify.annotations.NullMarked;
