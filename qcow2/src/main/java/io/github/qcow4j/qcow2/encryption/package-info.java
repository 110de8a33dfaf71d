/**
 * The LUKS header inside an encrypted image: read and checked, to be shown. Nothing is decrypted.
 * Touches the image file to load the header.
 */
@NullMarked
package io.github.qcow4j.qcow2.encryption;

import org.jspecify.annotations.NullMarked;
