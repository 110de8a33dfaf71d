/**
 * What can be wrong with a request about boxes, told apart. Failures of the storage and of images
 * are not here: they stay the exceptions that the floors below throw.
 */
@NullMarked
package io.github.qcow4j.snapshot.error;

import org.jspecify.annotations.NullMarked;
