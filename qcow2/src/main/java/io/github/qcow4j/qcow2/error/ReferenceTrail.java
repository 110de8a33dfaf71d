package io.github.qcow4j.qcow2.error;

import java.nio.file.Path;

/**
 * A note attached (as a suppressed exception) to a failure that happened while opening a file that
 * an image names. The failure itself keeps its type; the notes, innermost first, tell how one got
 * there.
 */
public final class ReferenceTrail extends Exception {

  private static final long serialVersionUID = 1L;

  /** In what role the file was named. */
  public enum Role {
    BACKING_FILE,
    DATA_FILE
  }

  private final transient Path namingImage;
  private final Role role;

  /**
   * @param namingImage the image whose header names the file that could not be opened
   * @param role in what role it names it
   */
  public ReferenceTrail(Path namingImage, Role role) {
    super("while opening the " + role + " of " + namingImage, null, false, false);
    this.namingImage = namingImage;
    this.role = role;
  }

  /** The image whose header names the file. */
  public Path namingImage() {
    return namingImage;
  }

  /** In what role it names it. */
  public Role role() {
    return role;
  }
}
