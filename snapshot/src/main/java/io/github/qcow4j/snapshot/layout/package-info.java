/**
 * Names: of boxes and snapshots as people choose them, of files inside a home, and random
 * identifiers. Touches no file.
 */
@NullMarked
package io.github.qcow4j.snapshot.layout;

import org.jspecify.annotations.NullMarked;
