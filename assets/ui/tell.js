// Whether the person wants to be called when a training is over. Asked for at once is what the browser asks for too, and the
// sound is heard.

const box = element.querySelector("input"), denied = element.querySelector("p");
box.checked = localStorage.getItem("tell") === "yes";
box.addEventListener("change", async () => {
    localStorage.setItem("tell", box.checked ? "yes" : "no");
    denied.textContent = "";
    if (!box.checked) return;
    document.dispatchEvent(new Event("ring"));
    if (!("Notification" in window) || (await Notification.requestPermission()) !== "granted") {
        denied.textContent = denied.dataset.denied;
    }
});
