package io.github.qcow4j.snapshot.model;

import java.util.List;

/**
 * A place in the tree of what hangs on what, over the root disks.
 *
 * @param kind {@code image} outside the home, {@code rootfs}, {@code clone_base}, {@code snapshot},
 *     {@code box} or {@code kept}
 * @param name the name of the image, snapshot or box, or the layer's identifier
 * @param children what hangs on it
 */
public record TreeNode(String kind, String name, List<TreeNode> children) {

  public TreeNode {
    children = List.copyOf(children);
  }
}
