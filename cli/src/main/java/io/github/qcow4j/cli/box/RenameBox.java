package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.Box;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code box rename}. */
@Command(name = "rename", description = "Gives a box another name.")
final class RenameBox extends BoxAction {

  @Parameters(index = "0", paramLabel = "OLD", description = "the box")
  private String name = "";

  @Parameters(index = "1", paramLabel = "NEW", description = "its new name")
  private String newName = "";

  RenameBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Box box = home.rename(name, newName);
    session().answer("", json -> BoxJson.box(json, box));
    return 0;
  }
}
