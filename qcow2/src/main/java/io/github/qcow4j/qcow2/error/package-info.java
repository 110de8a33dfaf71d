/**
 * What can be wrong with an image, told apart: corrupt, unsupported, reference denied, in use,
 * limit exceeded. Failures of the storage itself are not here: they stay the {@link
 * java.io.IOException}s that the floor below throws. Touches nothing else.
 */
@NullMarked
package io.github.qcow4j.qcow2.error;

import org.jspecify.annotations.NullMarked;
