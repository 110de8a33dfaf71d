/**
 * Who works on what at this moment: byte ranges of one lock file, which a dead process leaves free.
 */
@NullMarked
package io.github.qcow4j.snapshot.lease;

import org.jspecify.annotations.NullMarked;
