package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.Box;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code box show}. */
@Command(name = "show", description = "Shows a box and its disks.")
final class ShowBox extends BoxAction {

  @Parameters(paramLabel = "NAME", description = "the box")
  private String name = "";

  ShowBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Box box = home.show(name);
    session().show(BoxText.box(box), json -> BoxJson.box(json, box));
    return 0;
  }
}
