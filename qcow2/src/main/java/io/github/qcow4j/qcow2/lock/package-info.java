/**
 * QEMU's image locks: which bytes of an image are locked for which access, so that this program and
 * QEMU keep out of each other's way. Touches locks only, never contents.
 */
@NullMarked
package io.github.qcow4j.qcow2.lock;

import org.jspecify.annotations.NullMarked;
