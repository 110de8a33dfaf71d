/**
 * The commands on images: they take the user's words, ask the library, and put its answers in
 * {@code qemu-img}'s form.
 */
@NullMarked
package io.github.qcow4j.cli.image;

import org.jspecify.annotations.NullMarked;
