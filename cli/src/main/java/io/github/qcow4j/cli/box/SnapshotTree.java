package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.TreeNode;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code box snapshot tree}. */
@Command(name = "tree", description = "Shows what hangs on what.")
final class SnapshotTree extends BoxAction {

  @Parameters(index = "0", paramLabel = "BOX", description = "the box")
  private String box = "";

  SnapshotTree(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    List<TreeNode> roots = home.tree(box);
    session().show(BoxText.tree(roots), json -> BoxJson.tree(json, roots));
    return 0;
  }
}
