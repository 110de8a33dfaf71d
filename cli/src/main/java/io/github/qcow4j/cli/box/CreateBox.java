package io.github.qcow4j.cli.box;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.Created;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box create}. */
@Command(name = "create", description = "Makes a stopped box.")
final class CreateBox extends BoxAction {

  @Parameters(paramLabel = "NAME", description = "the new box")
  private String name = "";

  @ArgGroup(multiplicity = "1")
  private Root root = new Root();

  /** What its first disk is made of. */
  static final class Root {
    @Option(
        names = "--from",
        paramLabel = "IMAGE",
        description = "the root disk becomes an overlay of this image, raw or qcow2")
    private @Nullable String from;

    @Option(names = "--size", paramLabel = "SIZE", description = "an empty root disk of this size")
    private @Nullable String size;
  }

  @Option(
      names = "--disk",
      paramLabel = "ROLE=IMAGE",
      description = "one more disk, an overlay of an image")
  private List<String> disks = new ArrayList<>();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "the images are raw or qcow2; else their content tells")
  private @Nullable String format;

  @Option(names = "--independent", description = "reflink or copy the images, so that they may go")
  private boolean independent;

  CreateBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    List<DiskSource> sources = new ArrayList<>();
    String from = root.from;
    sources.add(
        from != null
            ? image(BoxDisk.ROOT, from)
            : new DiskSource.Empty(BoxDisk.ROOT, Session.bytes(String.valueOf(root.size))));
    for (String disk : disks) {
      sources.add(image(disk));
    }
    Created created = home.create(new CreateRequest(name, sources), session().startJob());
    session()
        .answer(
            BoxText.made(created),
            json -> {
              BoxJson.box(json, created.box());
              BoxJson.method(json, created.method());
            });
    return 0;
  }

  /** One more disk; that two have one role is seen where boxes are made. */
  private DiskSource image(String disk) throws IOException {
    int equals = disk.indexOf('=');
    if (equals < 0) {
      throw new InvalidRequestException("'" + disk + "' is not ROLE=IMAGE");
    }
    return image(disk.substring(0, equals), disk.substring(equals + 1));
  }

  private DiskSource image(String role, String image) throws IOException {
    Path path = Session.file(image);
    ImageFormat known = format();
    return independent
        ? new DiskSource.Copied(role, path, known)
        : new DiskSource.Overlay(role, path, known);
  }

  private @Nullable ImageFormat format() throws InvalidRequestException {
    String given = format;
    return switch (given == null ? "" : given.toLowerCase(Locale.ROOT)) {
      case "" -> null;
      case "raw" -> ImageFormat.RAW;
      case "qcow2" -> ImageFormat.QCOW2;
      default -> throw new InvalidRequestException("'" + given + "' is neither raw nor qcow2");
    };
  }
}
