/** Two programs changing one image by turns. */
package io.github.qcow4j.qcow2.turns;
