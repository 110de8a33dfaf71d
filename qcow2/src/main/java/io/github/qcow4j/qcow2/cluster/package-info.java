/**
 * From a guest offset to what stands there: the cluster map of one image, and the decoding of
 * compressed clusters. A question to the map is answered by a small plan; nobody here reads guest
 * data except to decode it. Touches the image file to load tables and compressed clusters.
 */
@NullMarked
package io.github.qcow4j.qcow2.cluster;

import org.jspecify.annotations.NullMarked;
