/**
 * Commit: moves what an overlay holds into an image below it. Opens the chain itself, and writes to
 * the overlay and that one image only.
 */
@NullMarked
package io.github.qcow4j.qcow2.commit;

import org.jspecify.annotations.NullMarked;
