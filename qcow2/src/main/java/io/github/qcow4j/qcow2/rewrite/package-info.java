/**
 * Gives an image another cluster size, compression type or kind of L2 entries, which needs a new
 * file: what the old one holds is brought over, and the new one takes its name. Reads the old image
 * and fills the new one through their faces; opens no file itself.
 */
@NullMarked
package io.github.qcow4j.qcow2.rewrite;

import org.jspecify.annotations.NullMarked;
