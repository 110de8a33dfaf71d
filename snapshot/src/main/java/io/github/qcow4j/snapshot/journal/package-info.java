/**
 * Carries out operations so that they are there as a whole or not at all, whatever power cut or
 * failure falls between: what is intended is committed first, then files are made and switched,
 * then the result is committed. Recovery ends what a dead process has begun.
 */
@NullMarked
package io.github.qcow4j.snapshot.journal;

import org.jspecify.annotations.NullMarked;
