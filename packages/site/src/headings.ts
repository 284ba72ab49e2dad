// Copies the address of a heading when the reader follows the link beside it.

const announcer = document.createElement("p"); // screen readers read its text aloud
announcer.className = "unseen";
announcer.setAttribute("role", "status");
document.body.append(announcer);

for (const link of document.querySelectorAll<HTMLAnchorElement>("a.here")) {
  link.addEventListener("click", () => {
    void navigator.clipboard?.writeText(link.href).then(
      () => {
        announcer.textContent = "Link copied";
        link.textContent = "# copied";
        link.classList.add("copied");
        setTimeout(() => {
          announcer.textContent = "";
          link.textContent = "#";
          link.classList.remove("copied");
        }, 1500);
      },
      () => {}, // the browser denies access to the clipboard; the link still works
    );
  });
}
