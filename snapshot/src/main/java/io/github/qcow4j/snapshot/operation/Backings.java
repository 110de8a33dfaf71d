package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.model.HomeFinding.BrokenBacking;
import io.github.qcow4j.snapshot.model.HomeFinding.InUse;
import io.github.qcow4j.snapshot.model.HomeFinding.Unchecked;
import io.github.qcow4j.snapshot.operation.ImageCheckup.Verdict;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Looks at images outside the home that those inside lie on, each once. For one thread. */
final class Backings {

  private final Home home;
  private final Findings findings;
  private final Map<Parent.Outside, Looked> looked = new HashMap<>();

  /** What one look came to; null when all is well. */
  private record Looked(@Nullable IOException failure) {}

  Backings(Home home, Findings findings) {
    this.home = home;
    this.findings = findings;
  }

  /** Checks what an image lies on outside the home, if it does. */
  Verdict check(ImageRow image) {
    if (!(image.parent() instanceof Parent.Outside outside)) {
      return Verdict.SOUND;
    }
    IOException failure = looked.computeIfAbsent(outside, this::look).failure();
    if (failure == null) {
      return Verdict.SOUND;
    }
    HomeFinding finding = finding(image, Path.of(outside.path()), failure);
    findings.add(finding);
    return finding instanceof BrokenBacking ? Verdict.BAD : Verdict.UNKNOWN;
  }

  private Looked look(Parent.Outside outside) {
    try {
      ImageFormat format = ImageFormat.byLabel(outside.format()).orElseThrow();
      NewImages.open(home.volume(), Path.of(outside.path()), format, home.externals()).close();
      return new Looked(null);
    } catch (IOException e) {
      return new Looked(e);
    }
  }

  private static HomeFinding finding(ImageRow image, Path backing, IOException failure) {
    return switch (failure) {
      case ImageInUseException e -> new InUse(backing.toString(), null);
      case InUseException e -> new InUse(backing.toString(), null);
      case NoSuchFileException e ->
          new BrokenBacking(image.file(), backing, "there is no such file");
      case CorruptImageException e ->
          new BrokenBacking(image.file(), backing, String.valueOf(e.getMessage()));
      default -> new Unchecked(backing.toString(), String.valueOf(failure.getMessage()));
    };
  }
}
